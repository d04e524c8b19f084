-- Spends ARGV[3] under KEYS[1], of which a burst of ARGV[2] may be spent and one comes back every ARGV[1] microseconds:
-- {0, or the milliseconds after which it could be spent; the microseconds until all is back}. The key holds the moment
-- (microseconds) at which all is back.
local interval, count, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local before = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0))
local full = before + cost * interval
local wait = full - count * interval - now
if wait > 0 then
  return { math.ceil(wait / 1000), before - now }
end
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000))
return { 0, full - now }
