-- Publishes a packet as the next of a stream, whose head is KEYS[1]. Arguments: the epoch if the stream has none, the
-- head's time to live (s), the channel, the stream's name, the packet. Returns the packet's epoch, seq and moment (ms).
local epoch, ttl, channel, stream, packet = unpack(ARGV)
local time = redis.call('TIME')
local at = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))

redis.call('HSETNX', KEYS[1], 'epoch', epoch)
redis.call('HSET', KEYS[1], 'at', at)
redis.call('EXPIRE', KEYS[1], ttl)
epoch = redis.call('HGET', KEYS[1], 'epoch')
local seq = string.format('%.0f', redis.call('HINCRBY', KEYS[1], 'seq', 1))

redis.call('PUBLISH', channel, table.concat({ stream, epoch, seq, at }, ' ') .. '\n' .. packet)
return { epoch, seq, at }
