-- Moves a session to a new id: core's rotate-session.ts. Its texts were encoded for that id by the caller, from the version
-- that it names. Whatever else changed since then (expiry, quotas) is moved as it is now.

return answer(function()
  local from, to, index, jitter, hash, successorHash = key(), key(), key(), num(), arg(), arg()
  local version, payload, subjectText = num(), arg(), arg()
  local s = read(from, decode)
  if not s then return { 'missing' } end
  if s.version ~= version then return { 'changed' } end
  local taken, other = read(to, layoutOf)
  if taken and (versionIn(other) ~= version or taken.createdAt ~= s.createdAt) then fail('TAKEN') end
  s.payload = payload
  if s.subject then s.subjectText = subjectText end
  local raw = write(to, s, jitter)
  redis.call('DEL', from)
  if s.subject then redis.call('ZREM', index, s.subject .. hash) end
  join(index, s, successorHash, jitter)
  return { 'ok', raw }
end)
