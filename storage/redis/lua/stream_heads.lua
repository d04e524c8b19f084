-- The heads of the streams KEYS: epoch, seq and moment (ms) of each. One without a head gets the epoch ARGV[1] and the
-- present moment. ARGV[2]: a head's time to live (s).
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))

local heads = {}
for i, key in ipairs(KEYS) do
  if redis.call('EXISTS', key) == 0 then
    redis.call('HSET', key, 'epoch', ARGV[1], 'seq', 0, 'at', now)
  end
  redis.call('EXPIRE', key, ARGV[2])
  heads[i] = redis.call('HMGET', key, 'epoch', 'seq', 'at')
end
return heads
