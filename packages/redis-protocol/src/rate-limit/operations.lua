-- The operations on a limit, each the twin of core's file of its name. Here they act on one key's state.

--# consume
-- Equal calls for one key: the first ones that fit.
if blockedUntil == 0 and limit > 0 then
  local fits = floor((${left}) / cost)
  if fits > times then fits = times end
  if fits > 0 then units = fits * cost end
end
if units > 0 then
  ${take}
  ${write}
elseif found == 'mended' then
  ${write}
end

--# charge
-- Down to minus the capacity. Equal calls for one key take one after the other.
local room = (${left}) + limit
if limit > 0 and room > 0 then units = math.min(times * cost, room) end
if units > 0 then
  ${take}
  ${write}
elseif found == 'mended' then
  ${write}
end

--# peek

--# set
-- Keeps the record until its end, or some time longer; also a block beside it. Where no text was found, a record of
-- another type may be there.
local record, endsAt = ${record}, ${end}
if blockedUntil > 0 then
  record, endsAt = string.format('1b%013.0f', blockedUntil) .. record, math.max(endsAt, blockedUntil)
end
local ms = math.max(1, ceil((endsAt - now) * (1 + spread)) + slackMs)
if found then
  written = redis.pcall('SET', key, record, 'PX', ms)
else
  written = redis.pcall('SET', key, record, 'PX', ms, 'NX') or { err = 'CORRUPT' }
end
