-- Proves that this server takes a write that needs memory. Nothing is left behind; the end is for a user without the
-- right to DEL, and within seconds.

local operations = {}

function operations.probe()
  local probeKey = key()
  redis.call('SET', probeKey, 1, 'PX', 5000)
  redis.call('DEL', probeKey)
  return { 'ok' }
end

return answer(operations)
