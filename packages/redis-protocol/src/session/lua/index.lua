-- The subject index: core's subject-index.ts. It keeps no expired members, and ends with its last one.

local function prune(index, jitter)
  redis.call('ZREMRANGEBYSCORE', index, '-inf', int(now))
  local last = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')
  if last[2] then redis.call('PEXPIRE', index, px(tonumber(last[2]), jitter)) end
end

local function join(index, s, hash, jitter)
  if not s.subject then return end
  redis.call('ZADD', index, int(s.expiresAt), s.subject .. hash)
  prune(index, jitter)
end

local function leave(index, s, hash, jitter)
  if not s.subject then return end
  redis.call('ZREM', index, s.subject .. hash)
  prune(index, jitter)
end
