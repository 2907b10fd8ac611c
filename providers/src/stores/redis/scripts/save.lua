-- Replaces the record of a session if it is the expected one, and extends the lease of its owner.
-- KEYS: record, lease, aside.
-- ARGV: expected revision, expected tag ('' for any), whether an older record is replaced, tag of an unanswered save,
--       revision, tag, document, owner, fence, milliseconds, channel, whether the old record is set aside, base.
local function failed(reply) return type(reply) == 'table' and reply.err end
-- A text that is not a number counts as 0.
local function number(text)
  return text and #text <= 15 and string.match(text, '^[1-9]%d*$') or '0'
end
local stored = redis.pcall('HMGET', KEYS[1], 'revision', 'tag', 'fence', 'base')
if failed(stored) then return stored end
local revision, tag, fence = number(stored[1]), stored[2] or '', tonumber(number(stored[3]))
local base = tonumber(number(stored[4]))
local status = 'saved'
if tag == ARGV[6] then
  -- The answer to this very save was lost, or it was not lost when it was put back.
  return {'there', tonumber(revision), 0, base}
elseif tag ~= '' and tag == ARGV[4] then
  -- The answer to the save before it was lost.
elseif revision == ARGV[1] and (ARGV[2] == '' or tag == ARGV[2]) then
  -- As expected.
elseif ARGV[3] == '1' and math.max(tonumber(revision), base) < tonumber(ARGV[1]) then
  status = 'restored'
else
  return {'replaced', tonumber(revision), 0, base}
end
local mine = tonumber(ARGV[9])
if mine > 0 and fence > mine then return {'replaced', tonumber(revision), 0, base} end
-- Records up to this revision were set aside, and are not put back.
base = math.max(base, tonumber(ARGV[13]))
if ARGV[12] == '1' and stored[1] then
  base = math.max(base, tonumber(revision))
  local moved = redis.pcall('RENAME', KEYS[1], KEYS[3])
  if failed(moved) then return moved end
end
local set = redis.pcall('HSET', KEYS[1], 'revision', ARGV[5], 'tag', ARGV[6], 'document', ARGV[7],
  'fence', math.max(fence, mine), 'base', base)
if failed(set) then return set end
local extended = 0
if ARGV[8] ~= '' and redis.call('GET', KEYS[2]) == ARGV[8] then
  extended = redis.call('PEXPIRE', KEYS[2], ARGV[10])
end
redis.pcall('PUBLISH', ARGV[11], 'saved ' .. ARGV[5])
return {status, tonumber(revision), extended, base}
