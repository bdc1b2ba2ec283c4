-- reset: deletes a key's record, also one that cannot be read. The reply: the instant, whether there was anything, and the
-- record's text.
local raw = redis.call('MGET', KEYS[1])
local deleted = redis.pcall('DEL', KEYS[1])
if type(deleted) == 'table' then return deleted end
return { now, deleted, raw }
