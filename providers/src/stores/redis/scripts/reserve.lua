-- Makes sure that the record of a session can be replaced: it is the expected one, the server takes writes, and the
-- lease of the owner lasts its full time.
-- KEYS: record, lease, room. ARGV: expected revision, whether an older record is replaced, owner, milliseconds.
local function failed(reply) return type(reply) == 'table' and reply.err end
local revision = redis.pcall('HGET', KEYS[1], 'revision')
if failed(revision) then return revision end
revision = revision or '0'
if revision ~= ARGV[1] and not (ARGV[2] == '1' and tonumber(revision) < tonumber(ARGV[1])) then
  return {'replaced', 0}
end
local set = redis.pcall('SET', KEYS[3], '', 'PX', 1)
if failed(set) then return set end
local extended = 0
if ARGV[3] ~= '' and redis.call('GET', KEYS[2]) == ARGV[3] then
  extended = redis.call('PEXPIRE', KEYS[2], ARGV[4])
end
return {'reserved', extended}
