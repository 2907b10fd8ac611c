-- Replaces the document of a record that is as it was read. Its content stays, so its revision, its tag and its fence do.
-- KEYS: record. ARGV: revision as it is stored, tag, document before, document.
local stored = redis.pcall('HMGET', KEYS[1], 'revision', 'tag', 'document')
if type(stored) == 'table' and stored.err then return stored end
if stored[1] ~= ARGV[1] or (stored[2] or '') ~= ARGV[2] or stored[3] ~= ARGV[3] then return 0 end
local set = redis.pcall('HSET', KEYS[1], 'document', ARGV[4])
if type(set) == 'table' and set.err then return set end
return 1
