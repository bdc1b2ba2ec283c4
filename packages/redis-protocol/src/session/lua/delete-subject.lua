-- Deletes listed sessions of a subject, and lists the next ones: core's delete-subject-sessions.ts. The index alone
-- decides: the sessions are not decoded.

return answer(function()
  local index, jitter, subject, except, limit, listed = key(), num(), arg(), arg(), num(), num()
  local deleted, changed = 0, false
  for _ = 1, listed do
    local k, member = key(), subject .. arg()
    local expiresAt = tonumber(redis.call('ZSCORE', index, member) or nil)
    -- One that has left the index meanwhile was deleted or rotated.
    if expiresAt then
      redis.call('ZREM', index, member)
      wrote, changed = true, true
      if redis.call('DEL', k) == 1 and expiresAt > now then deleted = deleted + 1 end
    end
  end
  if changed then prune(index, jitter) end
  local found = membersFrom(index, 0, subject, limit, function(hash) return hash ~= except end)
  return { deleted, found }
end)
