-- Replaces a session's data, if its version is still the expected one: core's update-session.ts.

return answer(function()
  local k, ifVersion, payload, maxValueBytes = key(), num(), arg(), num()
  local s, raw = read(k, layoutOf)
  if not s then return { 'missing' } end
  if versionIn(raw) ~= ifVersion then return { 'conflict', raw } end
  if s.quotas then requireRoom(payload, quotasIn(s.quotas), maxValueBytes) end
  raw = string.sub(raw, 1, 1) .. characters(ifVersion + 1, 7) .. string.sub(raw, 9, s.payloadAt - 1) .. payload
  redis.call('SET', k, raw, 'KEEPTTL')
  wrote = true
  return { 'ok', raw }
end)
