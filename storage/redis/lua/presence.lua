-- Presence: every use of it is one call of this script with a command, the caller's lease, its length (ms), and more.
--
--   leases           sorted set of lease by the moment (ms) at which it lapses
--   users:<lease>    hash  user -> how many sockets the lease has of that user
--   sockets:<lease>  set of the sockets that are counted there
--   gone:<lease>     sorted set of removed socket by the moment (ms), so that a late `add` cannot bring one back
--
-- What belongs to a lease expires after it. Keys of single leases are not declared, as they are found in `leases`: they
-- share its hash tag.

local LEASES = KEYS[1]
local command, lease, length = ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function key(name, of)
  return LEASES .. ':' .. name .. ':' .. of
end

local USERS, SOCKETS, GONE = key('users', lease), key('sockets', lease), key('gone', lease)

-- What a lease owns outlives it a little, so that nothing of a living one is ever missing.
local function renew()
  for _, owned in ipairs({ USERS, SOCKETS, GONE }) do
    redis.call('PEXPIRE', owned, 2 * length)
  end
end

-- For each of the users whether a living lease has sockets of theirs: 1 or 0.
local function online(users)
  local found = {}
  for i = 1, #users do
    found[i] = 0
  end
  for _, living in ipairs(redis.call('ZRANGEBYSCORE', LEASES, '(' .. now, '+inf')) do
    for i, count in ipairs(redis.call('HMGET', key('users', living), unpack(users))) do
      if count then
        found[i] = 1
      end
    end
  end
  return found
end

local commands = {}

function commands.beat() -- fresh lease -> 1 when the lease was renewed, 0 when the fresh one begins
  redis.call('ZREMRANGEBYSCORE', LEASES, '-inf', now)
  local held = redis.call('ZSCORE', LEASES, lease)
  redis.call('ZADD', LEASES, now + length, held and lease or ARGV[4])
  renew()
  return held and 1 or 0
end

function commands.add() -- user, socket ...
  for i = 4, #ARGV, 2 do
    local user, socket = ARGV[i], ARGV[i + 1]
    if not redis.call('ZSCORE', GONE, socket) and redis.call('SADD', SOCKETS, socket) == 1 then
      redis.call('HINCRBY', USERS, user, 1)
    end
  end
  renew()
end

function commands.remove() -- user, socket -> whether the user is still online, 1 or 0
  local user, socket = ARGV[4], ARGV[5]
  if redis.call('SREM', SOCKETS, socket) == 1 and redis.call('HINCRBY', USERS, user, -1) == 0 then
    redis.call('HDEL', USERS, user)
  end
  redis.call('ZREMRANGEBYSCORE', GONE, '-inf', now - length)
  redis.call('ZADD', GONE, now, socket)
  renew()
  return online({ user })[1]
end

function commands.online() -- user ... -> 1 or 0 for each
  local users = {}
  for i = 4, #ARGV do
    users[i - 3] = ARGV[i]
  end
  return online(users)
end

function commands.leave()
  redis.call('ZREM', LEASES, lease)
  redis.call('DEL', USERS, SOCKETS, GONE)
end

return commands[command]()
