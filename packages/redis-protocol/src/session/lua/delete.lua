-- Ends a session before its time: core's delete-session.ts.

return answer(function()
  local k, index, jitter, hash, ifVersion = key(), key(), num(), arg(), num()
  local s, head = readHead(k)
  if not s or (ifVersion and ifVersion ~= versionIn(head)) then return { 0 } end
  redis.call('DEL', k)
  wrote = true
  leave(index, s, hash, jitter)
  return { 1 }
end)
