-- Creates a session where there is none: core's create-session.ts.

return answer(function()
  local k, index, jitter, hash = key(), key(), num(), arg()
  local version, payload, idle, absoluteTtl, subject, subjectText = num(), arg(), num(), num(), arg(), arg()
  local quotas = quotasArgument()
  if read(k, headOf) then return { 'exists' } end
  local s = begun(version, payload, idle, absoluteTtl)
  s.expiresAt = firstExpiry(idle, absoluteTtl)
  if subject ~= '' then s.subject, s.subjectText = subject, subjectText end
  s.quotas = quotas and quotasText(quotas)
  write(k, s, jitter)
  join(index, s, hash, jitter)
  return { 'ok', now }
end)
