-- Leases the deadlines of KEYS[1] that have come by ARGV[1] (ms), the oldest first and at most ARGV[2]: moves them to
-- the score ARGV[3] and returns them.
local members = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, member in ipairs(members) do
  redis.call('ZADD', KEYS[1], ARGV[3], member)
end
return members
