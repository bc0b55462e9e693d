# Lines as people write them. Each ends in `is WHAT`, which says what it must have printed, or `ok`.
# bash, with `codi` and `jq` on PATH, in an empty folder that HOME names.
set -u -o pipefail
shopt -s lastpipe  # so that `… | is` counts in this shell
number=0 failed=0
report() { number=$((number + 1)); if [ "$1" != "$2" ]; then failed=1; printf 'line %d: %q is not %q\n' "$number" "$1" "$2"; fi; }
is() { report "$(cat)" "$1"; }
ok() { report "$?" 0; }

printf 'one two\nthree\n' > notes.txt
printf 'id,name,price\n1,apple,5\n2,pear,12\n3,fig,30\n' > stock.csv
printf '[{"id":1,"price":5},{"id":2,"price":12}]' > stock.json
mkdir -p texts && printf 'b\na\nb\n' > texts/1.txt && printf 'x\n' > 'texts/2 with spaces.txt'

# pipes
codi text.case --help | head -n 1 | grep -q . ; ok
codi run --json text.count < notes.txt | jq .words | is 3
cat notes.txt | codi encode.base64 | codi encode.base64 --decode | cmp - notes.txt; ok
codi csv.to-json stock.csv | jq -r 'select(.price | tonumber > 10) | .name' | paste -sd, | is pear,fig
codi run --output raw json.query '$[?@.price > 10].id' stock.json | is 2
codi text.dedupe < texts/1.txt | sort | tr -d '\n' | is ab
codi run --output jsonl text.count < notes.txt | jq -r .type | paste -sd, | is started,output,completed
codi run --output jsonl text.count < notes.txt | jq -r 'select(.type == "completed").exit_status' | is 0
codi run --args '{"width": 3}' text.wrap notes.txt | head -n 1 | is one
yes | codi encode.hex | head -c 4 | is 790a

# xargs, find, loops
printf 'texts/1.txt\0texts/2 with spaces.txt\0' | xargs -0 -n 1 codi run --json text.count | jq -s 'map(.lines) | add' | is 4
find texts -name '*.txt' -print0 | sort -z | xargs -0 -I{} codi encode.sha256 {} | wc -l | is 2
while IFS= read -r line; do printf %s "$line" | codi encode.hex; done < texts/1.txt | paste -sd, | is 62,61,62
for file in texts/*; do codi run --json text.count "$file" < /dev/null; done | jq -s length | is 2
while read -r name; do codi help "$name" > /dev/null < /dev/null || echo "$name"; done < <(codi help --json | jq -r '.commands[].command' | head -n 3) | is ''

# statuses
if codi json.query '$.nothing' stock.json > /dev/null; then echo found; else echo "status $?"; fi | is 'status 1'
codi json.validate stock.json > /dev/null && echo valid | is valid
echo '{' | codi json.validate > /dev/null 2>&1 || echo 'not valid' | is 'not valid'
codi text.wrap --width wide 2> /dev/null; report "$?" 64
(codi text.warp | cat) 2> /dev/null; report "$?" 66
codi text.warp 2>&1 > /dev/null | grep -o 'E_[A-Z_]*' | is E_NOT_FOUND
codi run --json text.warp 2>&1 | jq -r .error.code | is E_NOT_FOUND
timeout 30 codi run --timeout 20 text.count < notes.txt > /dev/null; ok

# files, here-documents, substitution
codi text.wrap --width 60 < notes.txt >> kept.txt && codi text.case upper notes.txt >> kept.txt; wc -l < kept.txt | is 3
codi encode.hex <<< hi | is 68690a
codi text.template --set name=Ada <<'END' | is 'Dear Ada,'
Dear {{name}},
END
codi encode.hex <(printf hi) | is 6869
diff <(codi text.dedupe texts/1.txt < /dev/null) <(sort -ru texts/1.txt); ok
codi encode.sha256 notes.txt | tee digest.txt | cut -c 1-64 | cmp -s - <(sha256sum notes.txt | cut -c 1-64); ok
digest=$(codi encode.sha256 < notes.txt) && [ "${#digest}" -ge 64 ]; ok
env -i HOME="$HOME" PATH="$PATH" codi run --json text.count < notes.txt 2> cron.log | jq .lines | is 2
codi session list --json | jq 'length > 0' | is true
codi log show --json | jq -r .event | grep -q library.loaded; ok

echo "$number lines"
exit "$failed"
