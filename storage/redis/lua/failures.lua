-- Counts a failure under KEYS[1], unless ARGV[1] is '0', which only looks: 0, or the milliseconds for which no more is
-- allowed. Of ARGV[2] failures the last begins a pause of ARGV[3] ms, and each further one a pause twice as long, up to
-- ARGV[4] ms. They are forgotten ARGV[4] ms after the last pause.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local until_ = tonumber(redis.call('HGET', KEYS[1], 'until') or 0)
if until_ > now then
  return until_ - now
end
if ARGV[1] == '0' then
  return 0
end
local count, pause = redis.call('HINCRBY', KEYS[1], 'count', 1), 0
if count >= tonumber(ARGV[2]) then
  pause = math.min(ARGV[3] * 2 ^ math.min(count - ARGV[2], 30), tonumber(ARGV[4]))
  redis.call('HSET', KEYS[1], 'until', string.format('%.0f', now + pause))
end
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', ARGV[4] + pause))
return 0
