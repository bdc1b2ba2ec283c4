-- Answers the session's end after a touch; nothing without a session.

return answer(function()
  local k, o, index, jitter, hash = key(), key(), key(), num(), arg()
  local s = readHead(k)
  if not s then return {} end
  extendSession(k, o, index, s, hash, jitter)
  return { s.expiresAt }
end)
