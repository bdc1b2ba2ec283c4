-- Answers the record after a touch; nothing without a session.

return answer(function()
  local k, o, index, jitter, hash = key(), key(), key(), num(), arg()
  local s, raw = read(k, headOf)
  if not s then return {} end
  if extendSession(k, o, index, s, hash, jitter) then raw = redis.call('GET', k) end
  return { raw }
end)
