-- What was told last of users: every use is one call of this script with a command. A user has one hash:
--
--   <KEYS[1]><user>  status, since (ms), custom, mark (of the reading behind it), gone (ms)
--
-- These keys are not declared, as there may be hundreds: they share the hash tag of the prefix.

local PREFIX = KEYS[1]
local command, kept_ms = ARGV[1], ARGV[2]
local commands = {}

function commands.read() -- user ... -> mark, then status, since, custom, gone for each
  local time = redis.call('TIME')
  local found = { string.format('%.0f', time[1] * 1000000 + time[2]) }
  for i = 3, #ARGV do
    local values = redis.call('HMGET', PREFIX .. ARGV[i], 'status', 'since', 'custom', 'gone')
    for j = 1, 4 do
      found[#found + 1] = values[j] or ''
    end
  end
  return found
end

function commands.tell() -- mark, then user, status, since, custom for each -> 1 or 0 for each
  local mark, answers = ARGV[3], {}
  for i = 4, #ARGV, 4 do
    local key = PREFIX .. ARGV[i]
    local known = redis.call('HGET', key, 'mark')
    local is_news = not known or tonumber(known) <= tonumber(mark)
    if is_news then
      redis.call('HSET', key, 'status', ARGV[i + 1], 'since', ARGV[i + 2], 'custom', ARGV[i + 3], 'mark', mark)
      redis.call('PEXPIRE', key, kept_ms)
    end
    answers[#answers + 1] = is_news and 1 or 0
  end
  return answers
end

function commands.gone() -- moment (ms), then user ...
  for i = 4, #ARGV do
    redis.call('HSET', PREFIX .. ARGV[i], 'gone', ARGV[3])
    redis.call('PEXPIRE', PREFIX .. ARGV[i], kept_ms)
  end
end

return commands[command]()
