-- A page of a subject's live sessions: core's list-subject-sessions.ts. It goes by expiry, which no call shortens, so a
-- session that is there throughout is on some page.

return answer(function()
  local index, subject, after, limit = key(), arg(), arg(), num()
  local lastScore, lastHash = string.match(after, '^(%d+):(.*)$')
  local rank = lastScore and redis.call('ZCOUNT', index, '-inf', '(' .. lastScore) or 0
  local found, score = membersFrom(index, rank, subject, limit, function(hash, score)
    return score ~= lastScore or hash > lastHash
  end)
  return { #found == limit and score .. ':' .. found[#found] or false, found }
end)
