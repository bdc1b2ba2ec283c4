-- Reads a session: core's get-session.ts. The record as it is and the instant: the caller decodes it, and judges its end.

return answer(function()
  return { redis.call('GET', key()), now }
end)
