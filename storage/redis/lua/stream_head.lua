-- The head of a stream: epoch, seq and moment (ms). A stream without one gets the epoch ARGV[1] and the present moment;
-- its log, KEYS[2], is then of no use. ARGV[2]: how long a head is kept at least (ms).
local HEAD, LOG = KEYS[1], KEYS[2]
if redis.call('EXISTS', HEAD) == 0 then
  local time = redis.call('TIME')
  local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
  redis.call('HSET', HEAD, 'epoch', ARGV[1], 'seq', 0, 'at', now)
  redis.call('DEL', LOG)
end
if redis.call('PTTL', HEAD) < tonumber(ARGV[2]) then
  redis.call('PEXPIRE', HEAD, 2 * ARGV[2])
end
return redis.call('HMGET', HEAD, 'epoch', 'seq', 'at')
