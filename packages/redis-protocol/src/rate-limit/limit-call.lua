-- A script for one limit and many keys. ${...} stands for the parts of an algorithm's file and of an operation's, put in
-- here before the script is sent: each of its own functions would cost as much as a command.
--
-- ARGV: the instant; the spread of physical expiry; the limit (a token bucket's capacity); the window in milliseconds (a
-- token bucket's interval in microseconds); the cost; then, where not once each, how many equal calls ask for each key.
-- The reply is flat: the instant; then for each key the units that its calls took together (or an error's text), a
-- block's end (0: none), and the state that they found, in three numbers.
local spread, limit, window, cost = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local floor, ceil = math.floor, math.ceil
local raws, replies, wrote, at = redis.call('MGET', unpack(KEYS)), { now }, false, 2
for i = 1, #KEYS do
  local key, raw, times = KEYS[i], raws[i], tonumber(ARGV[5 + i] or 1)
  -- found: nil where nothing is stored; else 'stored' as it is, 'changed' by time, 'mended' after the server's clock
  -- stepped back, or 'corrupt'.
  local found, units, blockedUntil, written = raw and 'stored' or nil, 0, 0, nil
  if raw and raw:byte(2) == 98 then
    -- While a block lasts, "1b" and its end in 13 digits come before the record.
    blockedUntil, raw = tonumber(raw:sub(3, 15)), raw:sub(16)
    found = blockedUntil and 'changed' or 'corrupt'
    if found == 'corrupt' or blockedUntil <= now then blockedUntil = 0 end
  end
  ${read}
  if found == 'corrupt' then
    units = 'CORRUPT'
  else
    ${operation}
  end
  if written then
    if type(written) == 'table' and written.err then units = written.err else wrote = true end
  end
  replies[at], replies[at + 1], replies[at + 2], replies[at + 3], replies[at + 4] = units, blockedUntil, ${state}
  at = at + 5
end
if not wrote then
  ${guard}
  local refused = refusal(false)
  if refused then return refused end
end
return replies
