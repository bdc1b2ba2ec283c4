-- The error of a replica that takes writes (replica-read-only no): its next synchronization drops them, and a payment would be
-- served twice. Nil for any other server, and where INFO is forbidden to this user.
local function writableReplica()
  local info = redis.pcall('INFO', 'replication')
  if type(info) ~= 'string' or not string.find(info, '\nrole:slave%s') then return nil end
  if string.find(info, '\nslave_read_only:1%s') then return nil end
  -- Clients that are told to reconnect at READONLY look for that word anywhere in a message.
  return { err = 'REPLICA This server is a replica that takes writes, and is refused as one that is READONLY.' }
end
