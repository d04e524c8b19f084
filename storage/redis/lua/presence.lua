-- Presence: every use of it is one call of this script with a command, the caller's lease, its length (ms), and more.
--
--   leases        sorted set of lease by the moment (ms) at which it lapses
--   held:<lease>  hash  user -> the lease's connections of that user, a line each: "<id> <since> <namespace>,..."
--                 and two fields that are no user's: COUNTS, as JSON, and NUMBER, of the last `put`
--
-- What belongs to a lease expires after it. Keys of single leases are not declared, as they are found in `leases`: they
-- share its hash tag.

local LEASES = KEYS[1]
local COUNTS, NUMBER = ':counts', ':number'
local command, lease, length = ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function held(of)
  return LEASES .. ':held:' .. of
end

local function living()
  return redis.call('ZRANGEBYSCORE', LEASES, '(' .. now, '+inf')
end

-- How many connections each of the users has on living leases but the caller's own, by user.
local function elsewhere(users)
  local found = {}
  for _, other in ipairs(#users > 0 and living() or {}) do
    if other ~= lease then
      for i, lines in ipairs(redis.call('HMGET', held(other), unpack(users))) do
        if lines then
          local _, breaks = string.gsub(lines, '\n', '')
          found[users[i]] = (found[users[i]] or 0) + breaks + 1
        end
      end
    end
  end
  return found
end

-- One field of every living lease that has it: lease, value ...
local function each(field)
  local found = {}
  for _, other in ipairs(living()) do
    local value = redis.call('HGET', held(other), field)
    if value then
      found[#found + 1] = other
      found[#found + 1] = value
    end
  end
  return found
end

local commands = {}

function commands.beat() -- fresh lease, whether the old may go on, counts -> 1 when it was renewed, 0 when the fresh begins
  local fresh, may_go_on, counts = ARGV[4], ARGV[5] == '1', ARGV[6]
  redis.call('ZREMRANGEBYSCORE', LEASES, '-inf', now - length) -- until then `lapsed` tells of it
  local renewed = may_go_on and redis.call('ZSCORE', LEASES, lease) and redis.call('EXISTS', held(lease)) == 1
  if renewed then
    redis.call('HSET', held(lease), COUNTS, counts)
  else
    redis.call('ZREM', LEASES, lease)
    redis.call('UNLINK', held(lease))
    lease = fresh
    redis.call('HSET', held(lease), COUNTS, counts, NUMBER, 0)
  end
  redis.call('ZADD', LEASES, now + length, lease)
  redis.call('PEXPIRE', held(lease), 2 * length) -- a little longer, so that nothing of a living lease is ever missing
  return renewed and 1 or 0
end

function commands.put() -- number, limit, counts, JSON [[user, admitted, [line, ...]], ...] -> kept, elsewhere for each
  local number, limit, counts, holdings = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6], cjson.decode(ARGV[7])
  local last = redis.call('HGET', held(lease), NUMBER)
  if not last then
    return false
  elseif number < tonumber(last) then
    return {} -- a copy that comes late, for whose answer nobody waits
  end
  local asked = {}
  for _, holding in ipairs(holdings) do
    local user, admitted, lines = unpack(holding)
    if #lines == 0 or #lines > admitted then
      asked[#asked + 1] = user
    end
  end
  local others = elsewhere(asked)
  local fields, gone, answers = { COUNTS, counts, NUMBER, number }, {}, {}
  for _, holding in ipairs(holdings) do
    local user, admitted, lines = unpack(holding)
    local kept, other = #lines, others[user] or 0
    if limit > 0 then
      kept = math.max(admitted, math.min(kept, limit - other))
    end
    if kept > 0 then
      fields[#fields + 1] = user
      fields[#fields + 1] = table.concat(lines, '\n', 1, kept)
    else
      gone[#gone + 1] = user
    end
    answers[#answers + 1] = kept
    answers[#answers + 1] = other
  end
  redis.call('HSET', held(lease), unpack(fields))
  if #gone > 0 then
    redis.call('HDEL', held(lease), unpack(gone))
  end
  return answers
end

function commands.online() -- user ... -> 1 or 0 for each
  local users, found = {}, {}
  for i = 4, #ARGV do
    users[i - 3], found[i - 3] = ARGV[i], 0
  end
  for _, any in ipairs(living()) do
    for i, lines in ipairs(redis.call('HMGET', held(any), unpack(users))) do
      if lines then
        found[i] = 1
      end
    end
  end
  return found
end

function commands.sockets() -- user -> lease, lines ...
  return each(ARGV[4])
end

function commands.counts() -- -> lease, JSON ...
  return each(COUNTS)
end

local function forget(lapsed)
  redis.call('ZREM', LEASES, lapsed)
  redis.call('UNLINK', held(lapsed))
end

function commands.leave() -- whom nobody was told of, `lapsed` tells of
  if redis.call('HLEN', held(lease)) > 2 then
    redis.call('ZADD', LEASES, now, lease)
  else
    forget(lease)
  end
end

function commands.lapsed() -- -> lease, {user ...} ...
  local found = {}
  for _, any in ipairs(redis.call('ZRANGEBYSCORE', LEASES, '-inf', now)) do
    local users = {}
    for _, field in ipairs(redis.call('HKEYS', held(any))) do
      if field ~= COUNTS and field ~= NUMBER then
        users[#users + 1] = field
      end
    end
    found[#found + 1] = any
    found[#found + 1] = users
  end
  return found
end

function commands.forget() -- a lapsed lease
  local score = redis.call('ZSCORE', LEASES, ARGV[4])
  if score and tonumber(score) <= now then
    forget(ARGV[4])
  end
end

return commands[command]()
