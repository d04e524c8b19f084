-- What the log KEYS[2] of the stream with the head KEYS[1] has right behind the position ARGV (epoch, seq, moment in ms),
-- at most ARGV[4] entries: <seq>-<at>, packet, <seq>-<at>, packet ... Nil if the position is none of this stream, or what
-- follows it is not all there. At seq 0 the moment does not count.
local epoch, seq, at, limit = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local head = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'at')
if head[1] ~= epoch or tonumber(head[2]) < seq then
  return nil
end
if tonumber(head[2]) == seq then
  return (seq == 0 or head[3] == at) and {} or nil
end

local entries = redis.call('XRANGE', KEYS[2], string.format('%.0f-0', seq + 1), '+', 'COUNT', limit)
local first = entries[1]
if not first or tonumber(string.match(first[1], '^%d+')) ~= seq + 1 or (seq > 0 and first[2][4] ~= at) then
  return nil
end
local found = {}
for _, entry in ipairs(entries) do
  found[#found + 1] = entry[1]
  found[#found + 1] = entry[2][6]
end
return found
