-- The ticket pool: every change of it is one call of this script, `ARGV[1]` says which.
--
--   known    hash  ticket -> "<queued at, ms> <pool> <pool> ...", of every ticket that waits or is claimed
--   entries  hash  ticket -> its entry as JSON, for the same tickets
--   claimed  hash  ticket -> match, of the claimed ones
--   claims   hash  match -> "<claimed at, ms> <ticket> <ticket> ..."
--   pools    set of the pools that have tickets; `<pools>:<pool>` is a sorted set of ticket by queued at
--
-- A known ticket stands in all its pools, or in none and in one claim. The keys of single pools are not declared, as
-- they are found in `known`: they share the hash tag of the others.

local KNOWN, ENTRIES, CLAIMED, CLAIMS, POOLS = unpack(KEYS)
local CHUNK = 1000 -- Lua's stack bounds how much one call can be given

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

local function enter_pools(ticket)
  local place = words(redis.call('HGET', KNOWN, ticket))
  for i = 2, #place do
    redis.call('ZADD', POOLS .. ':' .. place[i], place[1], ticket)
    redis.call('SADD', POOLS, place[i])
  end
end

local function leave_pools(ticket)
  local place = words(redis.call('HGET', KNOWN, ticket))
  for i = 2, #place do
    local pool = POOLS .. ':' .. place[i]
    redis.call('ZREM', pool, ticket)
    if redis.call('EXISTS', pool) == 0 then
      redis.call('SREM', POOLS, place[i])
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

function commands.add() -- ticket, place, entry
  local ticket, place, entry = ARGV[2], ARGV[3], ARGV[4]
  if redis.call('HSETNX', KNOWN, ticket, place) == 1 then
    redis.call('HSET', ENTRIES, ticket, entry)
    enter_pools(ticket)
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

function commands.waiting() -- pool -> entry ...
  local tickets = redis.call('ZRANGE', POOLS .. ':' .. ARGV[2], 0, -1)
  local found = {}
  for first = 1, #tickets, CHUNK do
    local last = math.min(first + CHUNK - 1, #tickets)
    for _, entry in ipairs(redis.call('HMGET', ENTRIES, unpack(tickets, first, last))) do
      found[#found + 1] = entry
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
