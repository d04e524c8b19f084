-- Removes the deadline ARGV[1] from KEYS[1] if it still has the score ARGV[2] that its lease gave it.
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if score and tonumber(score) == tonumber(ARGV[2]) then
  redis.call('ZREM', KEYS[1], ARGV[1])
end
