-- Logs a packet as the next of a stream and publishes it. Returns its epoch, seq and moment (ms).
--
--   KEYS  head    hash {epoch, seq, at}: the last position
--         log     Redis stream of <seq>-<at> -> i(d of the event), b(efore: the `at` of the position before), p(acket)
--         late    exists for a while after `again` numbered an event: its first call, held up somewhere, may yet come
--   ARGV  command that publishes, channel, stream, packet, id, again (1 or 0), epoch if there is none, time to live of a
--         head (ms), most entries, time to live of an entry (ms)
local HEAD, LOG, LATE = KEYS[1], KEYS[2], KEYS[3]
local publish, channel, stream, packet, id, again, fresh, head_ttl, size, ttl = unpack(ARGV)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function carry(epoch, seq, at, packet)
  redis.call(publish, channel, table.concat({ stream, epoch, seq, at }, ' ') .. '\n' .. packet)
  return { epoch, seq, at }
end

-- The entry of the event in the log, searched from its end, or nil.
local function logged()
  local last = '+'
  repeat
    local entries = redis.call('XREVRANGE', LOG, last, '-', 'COUNT', 50)
    for _, entry in ipairs(entries) do
      if entry[2][2] == id then
        return entry
      end
      last = '(' .. entry[1]
    end
  until #entries == 0
end

local function trim()
  redis.call('XTRIM', LOG, 'MAXLEN', size)
  for _, entry in ipairs(redis.call('XRANGE', LOG, '-', '+', 'COUNT', 2)) do -- two a call: the old ones dwindle
    if tonumber(string.match(entry[1], '%d+$')) < now - ttl then
      redis.call('XDEL', LOG, entry[1])
    end
  end
  redis.call('PEXPIRE', LOG, ttl)
end

local epoch, seq, before = unpack(redis.call('HMGET', HEAD, 'epoch', 'seq', 'at'))
if epoch and (again == '1' or redis.call('EXISTS', LATE) == 1) then
  local entry = logged()
  if entry then
    local its_seq, its_at = string.match(entry[1], '(%d+)-(%d+)')
    return carry(epoch, its_seq, its_at, entry[2][6])
  end
end
if again == '1' then
  redis.call('SET', LATE, '', 'PX', ttl)
end

local at = string.format('%.0f', now)
local next_seq = string.format('%.0f', (seq or 0) + 1)
redis.call('HSET', HEAD, 'epoch', epoch or fresh, 'seq', next_seq, 'at', at)
redis.call('PEXPIRE', HEAD, head_ttl)
if not epoch then
  redis.call('DEL', LOG) -- what is left of an epoch whose head was lost
end
redis.call('XADD', LOG, next_seq .. '-' .. at, 'i', id, 'b', before or '0', 'p', packet)
trim()
return carry(epoch or fresh, next_seq, at, packet)
