-- The text kept beside a record. The twin of core's verification-replies.ts.
--
-- kept  FORMAT, endsAt big-endian 8, then the text: its end can be changed without writing the text anew. The head is
--       KEPT_HEAD, of record-writing.lua.

-- When the kept text ends. nil where there is none, or none that can be read: a receipt does not wait for it.
-- `kept.key` is nil where the call has no such key.
local function keptUntil(kept)
  if not kept.key then return nil end
  local head = redis.pcall('GETRANGE', kept.key, 0, KEPT_HEAD_SIZE - 1)
  if type(head) == 'table' and not string.find(head.err, 'WRONGTYPE', 1, true) then error(head, 0) end
  if type(head) == 'table' or #head < KEPT_HEAD_SIZE then return nil end
  local form, endsAtMs = struct.unpack(KEPT_HEAD, head)
  return form == FORMAT and endsAtMs > now and endsAtMs or nil
end

-- The kept text for a reply, or false.
local function keptIn(kept)
  return keptUntil(kept) and redis.call('GETRANGE', kept.key, KEPT_HEAD_SIZE, -1) or false
end
