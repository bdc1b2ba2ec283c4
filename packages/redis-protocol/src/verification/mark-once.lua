-- A one-time marker with an owner. The twin of core's mark-once.ts.
--
-- marker  FORMAT, M, at big-endian 8, endsAt 8; token and fingerprint with 2 bytes of length before each.

local MARKER = '>BBI8I8I2c0I2c0'

local function markOnce(markerKey, jitter, request)
  local token, fingerprint = request.token, request.fingerprint
  local raw = redis.call('GET', markerKey)
  if raw then
    local ok, form, kind, atMs, endsAtMs, holder, purpose, rest = pcall(struct.unpack, MARKER, raw)
    if not ok or form ~= FORMAT or kind ~= string.byte('M') or rest ~= #raw + 1 then fail('CORRUPT') end
    if endsAtMs > now then
      local mismatch = purpose ~= fingerprint
      if holder == token and not mismatch then return { 'marked' } end
      return { 'already-marked', mismatch and 1 or 0, int(atMs) }
    end
  end
  local endsAtMs = retention(request.retainUntilMs, now)
  local marker = struct.pack(
    MARKER, FORMAT, string.byte('M'), now, endsAtMs, #token, token, #fingerprint, fingerprint
  )
  redis.call('SET', markerKey, marker, 'PX', px(endsAtMs, jitter))
  wrote = true
  return { 'marked' }
end
