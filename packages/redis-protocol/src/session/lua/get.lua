-- Reads sessions: core's get-session.ts. Answers the instant, and each record as it is: the caller decodes it, and judges
-- its end.
local records = redis.call('MGET', unpack(KEYS))
for i, key in ipairs(KEYS) do
  -- A key of another type reads as none. PTTL tells of any.
  if not records[i] and redis.call('PTTL', key) ~= -2 then records[i] = '!CORRUPT' end
end
return refusal(false) or { now, records }
