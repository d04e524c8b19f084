-- The cache: every use is one call of this script with a command.
--
--   of:<key>    {stamps, value}: an answer, and the stamps that its tags had when somebody began to make it
--   turn:<key>  the token of who makes it: those stamps, and an id
--   tag:<tag>   the stamp of a tag, an id that a change replaces

local answer, turn = KEYS[1], KEYS[2]
local commands = {}

function commands.look() -- id, lease (ms), how long stamps are kept (ms); the tags are the keys from the third on
  local stamps = {}
  for i = 3, #KEYS do
    local stamp = redis.call('GET', KEYS[i])
    if not stamp then
      stamp = ARGV[2]
      redis.call('SET', KEYS[i], stamp, 'PX', ARGV[4])
    end
    stamps[#stamps + 1] = stamp
  end
  local present = table.concat(stamps, ' ')
  local kept = redis.call('HMGET', answer, 'stamps', 'value')
  if kept[1] == present then
    return { 'hit', kept[2] }
  end
  local mine = present .. '/' .. ARGV[2]
  local holder = redis.call('GET', turn)
  if holder and holder ~= mine and string.sub(holder, 1, #present + 1) == present .. '/' then
    return { 'wait', '' }
  end
  redis.call('SET', turn, mine, 'PX', ARGV[3]) -- whose stamps are old makes an answer that nobody will take
  return { 'turn', mine }
end

function commands.give_up() -- token
  if redis.call('GET', turn) == ARGV[2] then
    redis.call('DEL', turn)
  end
end

function commands.keep() -- token, value, how long (ms)
  redis.call('HSET', answer, 'stamps', string.match(ARGV[2], '^(.*)/'), 'value', ARGV[3])
  redis.call('PEXPIRE', answer, ARGV[4])
  commands.give_up()
end

function commands.invalidate() -- id, how long stamps are kept (ms); the tags are the keys
  for _, tag in ipairs(KEYS) do
    redis.call('SET', tag, ARGV[2], 'PX', ARGV[3])
  end
end

return commands[ARGV[1]]()
