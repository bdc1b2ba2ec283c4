-- Writes records, and the steps of transitions. The twin of recordOf in core's verification-record.ts.

local KEPT_HEAD, KEPT_HEAD_SIZE = '>BI8', 9
local CODES = {}
for code, state in ipairs(STATES) do CODES[state] = code end

local function encodeText(s)
  return s and struct.pack('>I4', #s + 1) .. s or struct.pack('>I4', 0)
end

local function encode(body, endsAtMs)
  local head = struct.pack(
    HEAD, RECORD_FORMAT, CODES[body.state], body.onLeaseExpiry == 'unknown' and 1 or 0, body.fence, body.attempt,
    body.leaseUntilMs, body.unknownAtMs or 0, body.valueUntilMs or 0, body.retainUntilMs, endsAtMs,
    #body.token, body.token, #body.fingerprint, body.fingerprint
  ) .. encodeText(body.evidence) .. encodeText(body.value)
  local payment = body.payment
  if not payment then return head .. '\0' end
  local undone = payment.undone or {}
  local tail = struct.pack('>B', #undone)
  for _, token in ipairs(undone) do tail = tail .. encodeText(token) end
  return head .. '\1' .. struct.pack('>I4I8', payment.refusals, payment.settledAtMs or 0) .. encodeText(payment.payload)
    .. encodeText(payment.collector) .. encodeText(payment.reference) .. encodeText(payment.deliveredBy) .. tail
end

local function endOf(body)
  local state, retainUntilMs = body.state, body.retainUntilMs
  local inDoubt = state == 'unknown' or (state == 'in-progress' and body.onLeaseExpiry == 'unknown')
  if inDoubt or state == 'expired' then return math.max(retainUntilMs, now + RETENTION_CEILING) end
  if state == 'settled' then return math.max(retainUntilMs, body.payment.settledAtMs + RETENTION_CEILING) end
  if state == 'rejected' then return math.min(retainUntilMs, body.valueUntilMs) end
  return retainUntilMs
end

local function recordOf(body)
  return { endsAtMs = endOf(body), body = body }
end

-- Writes a step's changes. `write` is a record; `writeKept` a text with its end, an end alone, or false to delete it.
--
-- At maxmemory Redis refuses a script only at its first write, and only if that write needs room. PEXPIRE needs none,
-- even of a missing key. So a step that goes on with admitted work or ends it succeeds, and a step that `begins` work
-- fails with nothing changed.
local function apply(step, recordKey, kept, jitter)
  local write, writeKept = step.write, step.writeKept
  if write then
    local ttl = px(write.endsAtMs, jitter)
    if not step.begins then redis.call('PEXPIRE', recordKey, ttl) end
    redis.call('SET', recordKey, encode(write.body, write.endsAtMs), 'PX', ttl)
    wrote = true
  end
  if writeKept == false then
    redis.call('DEL', kept.key)
  elseif writeKept then
    local head, ttl = struct.pack(KEPT_HEAD, FORMAT, writeKept.endsAtMs), px(writeKept.endsAtMs, jitter)
    if writeKept.text then
      redis.call('SET', kept.key, head .. writeKept.text, 'PX', ttl)
    else
      redis.call('SETRANGE', kept.key, 0, head)
      redis.call('PEXPIRE', kept.key, ttl)
    end
  end
  return step.reply
end

-- Runs a transition on the record at a key.
local function run(transition, recordKey, kept, jitter, request)
  return apply(transition(readBody(recordKey), request, kept), recordKey, kept, jitter)
end
