-- Logs a packet as the next of a stream and publishes it. Returns its epoch, seq and moment (ms).
--
--   KEYS  head    hash {epoch, seq, at}: the last position; late: when (ms) `again` last numbered an event
--         log     Redis stream of <seq>-<at> -> i(d of the event), b(efore: the `at` of the position before), p(acket)
--   ARGV  command that publishes, channel, stream, packet, id, again (1 or 0), epoch if there is none, how long a head
--         is kept at least (ms), how many entries, and for how long at least (ms)
local SLACK = 16 -- trimming costs, so a log may grow by one part in so many over its size
local LATE_MS = 10000 -- an event that `again` numbered may yet come by its first call, which was held up and given up
local HEAD, LOG = KEYS[1], KEYS[2]
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
  repeat -- until the oldest is young enough; the new one is
    local oldest = redis.call('XRANGE', LOG, '-', '+', 'COUNT', 1)[1][1]
    local is_old = tonumber(string.match(oldest, '%d+$')) < now - ttl
    if is_old then
      redis.call('XDEL', LOG, oldest)
    end
  until not is_old
end

-- Keeps a key for at least so long, and not more than twice that: to look is cheaper than to set it every time.
local function keep(key, ms)
  if redis.call('PTTL', key) < tonumber(ms) then
    redis.call('PEXPIRE', key, 2 * ms)
  end
end

local epoch, seq, before, late = unpack(redis.call('HMGET', HEAD, 'epoch', 'seq', 'at', 'late'))
if epoch and (again == '1' or (late and now - late < LATE_MS)) then
  local entry = logged()
  if entry then
    local its_seq, its_at = string.match(entry[1], '(%d+)-(%d+)')
    return carry(epoch, its_seq, its_at, entry[2][6])
  end
end

local at = string.format('%.0f', now)
local next_seq = string.format('%.0f', (seq or 0) + 1)
redis.call('HSET', HEAD, 'epoch', epoch or fresh, 'seq', next_seq, 'at', at)
if again == '1' then
  redis.call('HSET', HEAD, 'late', at)
end
if not epoch then
  redis.call('DEL', LOG) -- what is left of an epoch whose head was lost
end
redis.call('XADD', LOG, next_seq .. '-' .. at, 'i', id, 'b', before or '0', 'p', packet)
keep(HEAD, head_ttl)
keep(LOG, ttl)
if next_seq % math.max(1, math.floor(size / SLACK)) == 0 then
  trim()
end
return carry(epoch or fresh, next_seq, at, packet)
