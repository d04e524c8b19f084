-- Takes or renews the lease KEYS[1] for the holder ARGV[1] and ARGV[2] ms: 1, or 0 while somebody else holds it.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
