-- Replaces the record of a session if it is the expected one, and extends the lease of its owner.
-- KEYS: record, lease, aside.
-- ARGV: expected revision, expected tag ('' for any), whether an older record is replaced, tag of an unanswered save,
--       revision, tag, document, owner, fence, milliseconds, channel, whether the old record is set aside.
local function failed(reply) return type(reply) == 'table' and reply.err end
local stored = redis.pcall('HMGET', KEYS[1], 'revision', 'tag', 'fence')
if failed(stored) then return stored end
local revision, tag, fence = stored[1] or '0', stored[2] or '', tonumber(stored[3] or '0')
local status = 'saved'
if tag == ARGV[6] then
  -- The answer to this very save was lost.
  return {status, revision, 0}
elseif tag ~= '' and tag == ARGV[4] then
  -- The answer to the save before it was lost.
elseif revision == ARGV[1] and (ARGV[2] == '' or tag == ARGV[2]) then
  -- As expected.
elseif ARGV[3] == '1' and tonumber(revision) < tonumber(ARGV[1]) then
  status = 'restored'
else
  return {'replaced', revision, 0}
end
local mine = tonumber(ARGV[9])
if mine > 0 and fence > mine then return {'replaced', revision, 0} end
if ARGV[12] == '1' and stored[1] then
  local moved = redis.pcall('RENAME', KEYS[1], KEYS[3])
  if failed(moved) then return moved end
end
local set = redis.pcall('HSET', KEYS[1], 'revision', ARGV[5], 'tag', ARGV[6], 'document', ARGV[7],
  'fence', math.max(fence, mine))
if failed(set) then return set end
local extended = 0
if ARGV[8] ~= '' and redis.call('GET', KEYS[2]) == ARGV[8] then
  extended = redis.call('PEXPIRE', KEYS[2], ARGV[10])
end
redis.pcall('PUBLISH', ARGV[11], 'saved ' .. ARGV[5])
return {status, revision, extended}
