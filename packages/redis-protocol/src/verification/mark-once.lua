-- A one-time marker with an owner. The twin of core's mark-once.ts.
--
-- marker  FORMAT, then big-endian: at 6, how long it is kept 4 (milliseconds), the digest of the fingerprint 8, and that
--         of fingerprint and token 9. These 28 bytes are the most that share 48 with the value's own header.
-- digest  comes as two integers: its first 6 bytes, and the rest. "marked" needs both, so 136 bits.

local MARKER = '>BI6I4I6I2I6I3'

local function markOnce(markerKey, jitter, purpose, owner, retainUntilMs)
  local raw = redis.call('GET', markerKey)
  if raw then
    if #raw ~= 28 or string.byte(raw) ~= FORMAT then fail('CORRUPT') end
    local _, atMs, keptMs, purpose1, purpose2, owner1, owner2 = struct.unpack(MARKER, raw)
    if atMs + keptMs > now then
      local mismatch = purpose1 ~= purpose[1] or purpose2 ~= purpose[2]
      if not mismatch and owner1 == owner[1] and owner2 == owner[2] then return { 'marked' } end
      return { 'already-marked', mismatch and 1 or 0, int(atMs) }
    end
  end
  local endsAtMs = retention(retainUntilMs, now)
  local marker = struct.pack(MARKER, FORMAT, now, endsAtMs - now, purpose[1], purpose[2], owner[1], owner[2])
  redis.call('SET', markerKey, marker, 'PX', px(endsAtMs, jitter))
  wrote = true
  return { 'marked' }
end

return answer(function()
  return markOnce(key(), num(), { num(), num() }, { num(), num() }, num())
end)
