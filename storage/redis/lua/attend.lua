-- KEYS[1] is a sorted set of the instances that take part in something, by when (ms) they cease to.
-- ARGV[1] does for another ARGV[2] ms. Returns how many do.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], math.max(1000, ARGV[2]))
return redis.call('ZCARD', KEYS[1])
