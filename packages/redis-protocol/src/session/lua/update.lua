-- Replaces a session's data, if its version is still the expected one: core's update-session.ts.

return answer(function()
  local k, ifVersion, payload, maxValueBytes = key(), num(), arg(), num()
  local s, raw = read(k)
  if not s then return { 'missing' } end
  if s.version ~= ifVersion then return { 'conflict', raw } end
  if s.quotas then requireRoom(payload, quotasIn(s.quotas), maxValueBytes) end
  s.version, s.payload = s.version + 1, payload
  return { 'ok', rewrite(k, s) }
end)
