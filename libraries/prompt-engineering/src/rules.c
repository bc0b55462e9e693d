#include "rules.h"

const RuleText rules[RULE_COUNT] = {
    [RULE_NOT_UTF8] = {"not-utf-8", true, "this byte is not UTF-8"},
    [RULE_FRONT_MATTER] = {"front-matter", true, "this cannot be read as front matter"},
    [RULE_DUPLICATE_VARIABLE] = {"duplicate-variable", true, "declared twice"},
    [RULE_UNCLOSED_TAG] = {"unclosed-tag", true, "{{ without }}; a literal {{ is written \\{{"},
    [RULE_BAD_TAG] = {"bad-tag", true, "this is no tag; a literal {{ is written \\{{"},
    [RULE_UNCLOSED_BLOCK] = {"unclosed-block", true, "this block has no end"},
    [RULE_STRAY_BLOCK_END] = {"stray-block-end", true, "this ends no block that is open here"},
    [RULE_ELSE_WITHOUT_IF] = {"else-without-if", true, "else belongs to an if, once"},
    [RULE_THIS_OUTSIDE_EACH] = {"this-outside-each", true, "this is known only inside each"},
    [RULE_TOO_DEEP] = {"too-deep", true, "blocks are nested deeper than 32"},
    [RULE_UNDECLARED_VARIABLE] = {"undeclared-variable", true, "used and not declared"},
    [RULE_EMPTY_TEMPLATE] = {"empty-template", true, "there is no text"},
    [RULE_UNUSED_VARIABLE] = {"unused-variable", false, "declared and not used"},
    [RULE_NO_FRONT_MATTER] = {"no-front-matter", false,
                              "the template does not say its name, purpose and variables"},
    [RULE_STRAY_CLOSE] = {"stray-close", false, "}} without {{"},
    [RULE_TRAILING_SPACE] = {"trailing-space", false, "space at the end of the line"},
    [RULE_LONG_LINE] = {"long-line", false, "this line is too long"},
    [RULE_TOO_MANY] = {"too-many", true, "there are more problems, which are not listed"},
};

static void keep_first(Reporter *reporter, Rule rule, size_t offset, Text detail) {
    FirstError *error = (FirstError *)reporter;
    if (error->any || !rules[rule].is_error) return;
    error->any = true;
    error->rule = rule;
    error->offset = offset;
    error->detail = detail;
}

Reporter *first_error(FirstError *error) {
    *error = (FirstError){.reporter = {keep_first}};
    return &error->reporter;
}

Place place_of(Text source, size_t offset) {
    Place place = {1, 1};
    for (size_t i = 0; i < offset && i < source.size; i++) {
        if (source.bytes[i] == '\n') {
            place = (Place){place.line + 1, 1};
        } else if ((source.bytes[i] & 0xc0) != 0x80) {
            place.column++;
        }
    }
    return place;
}
