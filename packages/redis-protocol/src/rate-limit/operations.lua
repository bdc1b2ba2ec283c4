-- The operations on a limit, each the twin of core's file of its name. Here they act on one key's state.

--# block
-- blockedUntil: 0 without one. found: nil where nothing is stored; else 'stored' as it is, 'changed' by time, 'mended'
-- after the server's clock stepped back, or 'corrupt'. While a block lasts, "1b" and its end in 13 digits come before the
-- record.
blockedUntil, found = 0, raw and 'stored' or nil
if raw and raw:byte(2) == 98 then
  blockedUntil, raw = raw:find('^1b%d%d%d%d%d%d%d%d%d%d%d%d%d') and tonumber(raw:sub(3, 15)), raw:sub(16)
  found = blockedUntil and 'changed' or 'corrupt'
  if not blockedUntil or blockedUntil <= now then blockedUntil = 0 end
  if raw == '' then raw = nil end
end

--# consume
-- Equal calls for one key: the first ones that fit.
if blockedUntil == 0 and limit > 0 then
  local fits = floor((${left}) / cost)
  if fits > times then fits = times end
  if fits > 0 then units = fits * cost end
end
${taking}

--# charge
-- Down to minus the capacity. Equal calls for one key take one after the other.
local room = (${left}) + limit
if limit > 0 and room > 0 then units = math.min(times * cost, room) end
${taking}

--# taking
-- A mended state is written also where nothing is taken: it would begin anew with each call, and never end.
if units > 0 then
  ${take}
  ${write}
elseif found == 'mended' then
  ${write}
end

--# peek

--# refund
-- Of one key. A refund prolongs nothing, not even by another spread.
local amount, mark, given = tonumber(ARGV[7]), tonumber(ARGV[8]), false
${back}
if given then
  local left = redis.call('PTTL', key)
  ${set}
  if left > 0 and redis.call('PTTL', key) > left then redis.call('PEXPIRE', key, left) end
end

--# blocking
-- Of one key. A longer block stays as it is.
local lasting = now + tonumber(ARGV[7])
if blockedUntil < lasting then
  blockedUntil = lasting
  ${set}
end

--# set
-- Keeps the record until its end, or some time longer; also a block beside it. It never replaces a text that has anything
-- but digits, nor a record of another type, which reads as no text.
local record, endsAt = ${record}, ${end}
if ${over} then record, endsAt = '', 0 end
if blockedUntil > 0 then
  record, endsAt = string.format('1b%013.0f', blockedUntil) .. record, math.max(endsAt, blockedUntil)
end
local ms = ceil((endsAt - now) * (1 + spread)) + slackMs
if raw and not raw:find(DIGITS) then
  written = { err = 'CORRUPT' }
elseif record == '' then
  written = redis.pcall('DEL', key)
elseif found then
  written = redis.pcall('SET', key, record, 'PX', ms)
else
  written = redis.pcall('SET', key, record, 'PX', ms, 'NX') or { err = 'CORRUPT' }
end

--# refusing
-- Only a primary answers; a write that was accepted says as much.
if not wrote then
  ${guard}
  local refused = refusal(false)
  if refused then return refused end
end
