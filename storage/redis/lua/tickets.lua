-- The ticket pool: every change of it is one call of this script, `ARGV[1]` says which.
--
--   known    hash  ticket -> "<queued at, ms> <pool> <pool> ...", of every ticket that waits or is claimed
--   entries  hash  ticket -> its entry as JSON, for the same tickets
--   claimed  hash  ticket -> match, of the claimed ones
--   claims   hash  match -> "<claimed at, ms> <ticket> <ticket> ..."
--   pools    set of the pools that have tickets; `<pools>:<pool>` is a sorted set of ticket by queued at
--   log      `<log>:<pool>` is a Redis stream of the tickets that came to wait in the pool, changed there, or left it
--
-- A known ticket stands in all its pools, or in none and in one claim. The keys of single pools are not declared, as
-- they are found in `known`: they share the hash tag of the others.
--
-- A position in a log is the id of its last entry. Redis makes ids of its time, so none comes twice, not even when a
-- restart has lost the end of the log: who stands at an entry that is gone, lost or trimmed, has to start anew.

local KNOWN, ENTRIES, CLAIMED, CLAIMS, POOLS, LOG = unpack(KEYS)
local LOG_SIZE = 100000 -- some 5 MB; who is further behind reads the pool sooner than what changed in it
local LOG_KEPT_S = 600 -- the log of an empty pool

local function words(text)
  local found = {}
  for word in string.gmatch(text, '%S+') do
    found[#found + 1] = word
  end
  return found
end

-- The words of ARGV from `first` on, as a set.
local function set_from(first)
  local set = {}
  for i = first, #ARGV do
    set[ARGV[i]] = true
  end
  return set
end

local function is_waiting(ticket)
  return redis.call('HEXISTS', KNOWN, ticket) == 1 and redis.call('HEXISTS', CLAIMED, ticket) == 0
end

local function log(pool, ticket)
  redis.call('XADD', LOG .. ':' .. pool, 'MAXLEN', '~', LOG_SIZE, '*', 't', ticket)
end

local function enter_pools(ticket)
  local place = words(redis.call('HGET', KNOWN, ticket))
  for i = 2, #place do
    redis.call('ZADD', POOLS .. ':' .. place[i], place[1], ticket)
    log(place[i], ticket)
    if redis.call('SADD', POOLS, place[i]) == 1 then
      redis.call('PERSIST', LOG .. ':' .. place[i])
    end
  end
end

local function leave_pools(ticket)
  local place = words(redis.call('HGET', KNOWN, ticket))
  for i = 2, #place do
    local pool = POOLS .. ':' .. place[i]
    redis.call('ZREM', pool, ticket)
    log(place[i], ticket)
    if redis.call('EXISTS', pool) == 0 then
      redis.call('SREM', POOLS, place[i])
      redis.call('EXPIRE', LOG .. ':' .. place[i], LOG_KEPT_S)
    end
  end
end

local function forget(ticket)
  redis.call('HDEL', KNOWN, ticket)
  redis.call('HDEL', ENTRIES, ticket)
end

-- Ends a claim: the tickets in `keep` wait again, the others are forgotten.
local function end_claim(match, keep)
  local claim = words(redis.call('HGET', CLAIMS, match) or '')
  for i = 2, #claim do
    local ticket = claim[i]
    redis.call('HDEL', CLAIMED, ticket)
    if keep[ticket] then
      enter_pools(ticket)
    else
      forget(ticket)
    end
  end
  redis.call('HDEL', CLAIMS, match)
end

local commands = {}

function commands.add() -- ticket, place, entry; ...
  for i = 2, #ARGV, 3 do
    local ticket, place, entry = ARGV[i], ARGV[i + 1], ARGV[i + 2]
    if redis.call('HSETNX', KNOWN, ticket, place) == 1 then
      redis.call('HSET', ENTRIES, ticket, entry)
      enter_pools(ticket)
    end
  end
end

function commands.replace() -- ticket, place, entry; ...
  for i = 2, #ARGV, 3 do
    local ticket, place, entry = ARGV[i], ARGV[i + 1], ARGV[i + 2]
    if is_waiting(ticket) then
      leave_pools(ticket)
    end
    redis.call('HSET', KNOWN, ticket, place)
    redis.call('HSET', ENTRIES, ticket, entry)
    if is_waiting(ticket) then
      enter_pools(ticket)
    end
  end
end

function commands.remove() -- ticket ...
  for i = 2, #ARGV do
    if is_waiting(ARGV[i]) then
      leave_pools(ARGV[i])
      forget(ARGV[i])
    end
  end
end

function commands.position() -- pool -> position
  local last = redis.call('XREVRANGE', LOG .. ':' .. ARGV[2], '+', '-', 'COUNT', 1)
  return last[1] and last[1][1] or ''
end

function commands.page() -- pool, cursor, how many -> next cursor, then entry ...
  local scan = redis.call('ZSCAN', POOLS .. ':' .. ARGV[2], ARGV[3], 'COUNT', ARGV[4])
  local found = { scan[1] }
  for i = 1, #scan[2], 2 do
    found[#found + 1] = redis.call('HGET', ENTRIES, scan[2][i])
  end
  return found
end

function commands.changes() -- pool, position, how many -> nothing, or the next position, then ticket, entry or '', ...
  local pool, position, most = ARGV[2], ARGV[3], ARGV[4]
  if position == '' then -- there was no log
    return redis.call('EXISTS', LOG .. ':' .. pool) == 0 and { '' } or nil
  end
  local logged = redis.call('XRANGE', LOG .. ':' .. pool, position, '+', 'COUNT', most + 1)
  if not logged[1] or logged[1][1] ~= position then
    return nil
  end
  local found, seen = { logged[#logged][1] }, {}
  for i = 2, #logged do
    local ticket = logged[i][2][2]
    if not seen[ticket] then
      seen[ticket] = true
      local waits = redis.call('ZSCORE', POOLS .. ':' .. pool, ticket)
      found[#found + 1] = ticket
      found[#found + 1] = waits and redis.call('HGET', ENTRIES, ticket) or ''
    end
  end
  return found
end

function commands.claim() -- match, now in ms, ticket ... -> 1 or 0
  local match, now = ARGV[2], ARGV[3]
  local tickets = table.concat(ARGV, ' ', 4)
  local made = redis.call('HGET', CLAIMS, match)
  if made then -- the same call again, or a match id that is taken
    return string.match(made, '^%S+ (.*)$') == tickets and 1 or 0
  end
  for i = 4, #ARGV do
    if not is_waiting(ARGV[i]) then
      return 0
    end
  end
  for i = 4, #ARGV do
    leave_pools(ARGV[i])
    redis.call('HSET', CLAIMED, ARGV[i], match)
  end
  redis.call('HSET', CLAIMS, match, now .. ' ' .. tickets)
  return 1
end

function commands.settle() -- match
  end_claim(ARGV[2], {})
end

function commands.release() -- match, ticket to keep ...
  end_claim(ARGV[2], set_from(3))
end

return commands[ARGV[1]]()
