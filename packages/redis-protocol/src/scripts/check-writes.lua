-- Proves that this server is no replica, takes a write that needs memory, and that this user may read it. Nothing is left
-- behind; the end is for a user without the right to DEL, and within seconds. Without keys it is a ping, which a replica answers.

return KEYS[1] and writableReplica() or answer(function()
  local probe = key()
  redis.call('SET', probe, 1, 'PX', 5000)
  redis.call('INCRBY', probe, 1)
  redis.call('GET', probe)
  redis.call('MGET', probe)
  redis.call('DEL', probe)
  return { 'ok' }
end)
