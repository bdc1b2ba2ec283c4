-- The error words of commands that fail within a script, and the refusal of a read-only replica.

-- The error word of a failed command, e.g. "OOM". Redis 7 throws tables, Redis 6.2 text that begins with the line. A
-- missing right has no word of its own; 7.2 and Valkey say "ACL failure", earlier ones "The user executing the script".
local function errorWord(thrown)
  local said = type(thrown) == 'table' and (thrown.code or thrown.err) or thrown
  if string.find(said, 'The user executing the script', 1, true) or string.find(said, 'ACL failure in script', 1, true) then
    return 'NOPERM'
  end
  return string.match(string.gsub(said, '^@user_script: ?%d+: ', ''), '^%-?(%u+)') or 'ERR'
end

-- A read-only replica would answer reads, with what it has not yet heard of. It is found out by a write that changes
-- nothing: no record has this key. `wrote`: a write was accepted, so this server is a primary. Nil, or the error to answer.
-- Comes last: after any accepted write, Redis would no longer refuse the script's next one at maxmemory.
local function refusal(wrote)
  if wrote or not KEYS[1] then return nil end
  -- Redis 6.2 would send replicas an empty transaction.
  if not redis.REDIS_VERSION_NUM then pcall(redis.set_repl, redis.REPL_NONE) end
  local reply = redis.pcall('DEL', KEYS[1] .. ':none')
  if type(reply) ~= 'table' then return nil end
  local word = errorWord(reply)
  if word == 'READONLY' then return { err = "READONLY You can't write against a read only replica." } end
  if word == 'NOPERM' then return reply end
end
