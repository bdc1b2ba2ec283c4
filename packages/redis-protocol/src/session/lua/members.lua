-- A subject's live sessions in the index, soonest end first. The index holds other subjects of the tag as well.

local SUBJECT_SIZE, MOST_AT_ONCE = 22, 1000

-- Up to `limit` hashes for which `accept(hash, member, score)` holds, and the last one's score, from a rank on.
local function membersFrom(index, rank, subject, limit, accept)
  local found, step, lastScore = {}, limit, nil
  rank = math.max(rank, redis.call('ZCOUNT', index, '-inf', int(now)))
  repeat
    local page = redis.call('ZRANGE', index, int(rank), int(rank + step - 1), 'WITHSCORES')
    for i = 1, #page, 2 do
      local member, score = page[i], page[i + 1]
      if string.sub(member, 1, SUBJECT_SIZE) == subject then
        local hash = string.sub(member, SUBJECT_SIZE + 1)
        if accept(hash, score) then
          found[#found + 1], lastScore = hash, score
          if #found == limit then return found, lastScore end
        end
      end
    end
    rank, step = rank + step, math.min(2 * step, MOST_AT_ONCE)
  until #page == 0
  return found, lastScore
end
