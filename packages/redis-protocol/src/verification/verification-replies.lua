-- The answers of the transitions, and the text kept beside a record. The twin of core's verification-replies.ts.
--
-- kept  FORMAT, endsAt big-endian 8, then the text: its end can be changed without writing the text anew.

local KEPT_HEAD, KEPT_HEAD_SIZE = '>BI8', 9

local function lost(body)
  local phase = phaseOf(body)
  return { 'lost', (phase == 'held' or phase == 'lapsed') and 'in-progress' or phase }
end

-- Four items: they end a reply.
local function leaseOf(body)
  return body.token, int(body.fence), int(body.leaseUntilMs - now), body.attempt
end

local function view(body, phase)
  if phase == 'held' then return { 'in-progress', int(body.leaseUntilMs - now) } end
  if phase == 'lapsed' then return { 'in-progress', '0' } end
  if phase == 'unknown' then return { 'unknown', body.evidence or false } end
  if phase == 'spent' then return { 'spent' } end
  if phase == 'done' then
    local outcome = body.state == 'accepted' and 'accepted' or 'rejected'
    return { 'done', outcome, body.value, int(math.min(body.valueUntilMs, body.endsAtMs) - now) }
  end
  return { phase, body.value }
end

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
  -- Hints come last and may fail: an ACL user without channel rights would turn the whole script into an error. Before
  -- Redis 7 there is no SPUBLISH.
  local hint = step.hint
  if write and hint and hint.command ~= '' then
    local sent = redis.pcall(hint.command, hint.channel, hint.message)
    if hint.command == 'SPUBLISH' and type(sent) == 'table' and sent.err then
      redis.pcall('PUBLISH', hint.channel, hint.message)
    end
  end
  return step.reply
end
