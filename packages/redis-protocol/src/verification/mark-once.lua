-- A one-time marker with an owner. The twin of core's mark-once.ts.
--
-- marker  FORMAT, M, then big-endian: at 6, how long it is kept 4 (milliseconds), and the digests of token and
--         fingerprint, 16 bytes each. 44 bytes are the most that Redis stores together with the value's own header.
-- digest  arrives as three integers, of 6, 6 and 4 bytes.

local MARKER = '>BBI6I4I6I6I4I6I6I4'

local function markOnce(markerKey, jitter, token, fingerprint, retainUntilMs)
  local raw = redis.call('GET', markerKey)
  if raw then
    if #raw ~= 44 then fail('CORRUPT') end
    local form, kind, atMs, keptMs, t1, t2, t3, f1, f2, f3 = struct.unpack(MARKER, raw)
    if form ~= FORMAT or kind ~= string.byte('M') then fail('CORRUPT') end
    if atMs + keptMs > now then
      local mismatch = f1 ~= fingerprint[1] or f2 ~= fingerprint[2] or f3 ~= fingerprint[3]
      if not mismatch and t1 == token[1] and t2 == token[2] and t3 == token[3] then return { 'marked' } end
      return { 'already-marked', mismatch and 1 or 0, int(atMs) }
    end
  end
  local endsAtMs = retention(retainUntilMs, now)
  local marker = struct.pack(
    MARKER, FORMAT, string.byte('M'), now, endsAtMs - now, token[1], token[2], token[3], fingerprint[1],
    fingerprint[2], fingerprint[3]
  )
  redis.call('SET', markerKey, marker, 'PX', px(endsAtMs, jitter))
  wrote = true
  return { 'marked' }
end

return answer(function()
  return markOnce(key(), num(), { num(), num(), num() }, { num(), num(), num() }, num())
end)
