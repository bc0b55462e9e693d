/* prompt.list, prompt.show and prompt.variables: what templates there are. */
#include "args.h"
#include "builtin.h"
#include "commands.h"
#include "main.h"

/* A bar would end the cell. */
static void write_cell(Text text) {
    for (size_t i = 0; i < text.size; i++) {
        if (text.bytes[i] == '|') out_byte('\\');
        out_byte((uint8_t)text.bytes[i]);
    }
}

static void write_variables(const Template *template) {
    for (size_t i = 0; i < template->variable_count; i++) {
        const Variable *variable = &template->variables[i];
        if (i > 0) out_text(", ");
        if (variable->has_default) out_byte('[');
        write_cell(variable->name);
        if (variable->has_default) out_byte(']');
    }
}

int prompt_list(void) {
    out_text("| Template | For | Variables |\n| --- | --- | --- |\n");
    for (size_t i = 0; i < builtin_count; i++) {
        const Template *template = template_need((Text){builtins[i].bytes, builtins[i].size});
        out_text("| ");
        write_cell(template->name);
        out_text(" | ");
        write_cell(template->description);
        out_text(" | ");
        write_variables(template);
        out_text(" |\n");
    }
    out_text("\nVariables in brackets have a default.\n");
    return STATUS_GOOD;
}

int prompt_show(void) {
    Text source = builtin_source(arg_text("template", ""));
    if (source.size == 0) fail(command_library, "there is no such template", NULL);
    out_bytes(source.bytes, source.size);
    return STATUS_GOOD;
}

/* A field of RFC 4180. */
static void write_field(Text text) {
    bool plain = true;
    for (size_t i = 0; i < text.size && plain; i++) {
        plain = memchr("\",\r\n", text.bytes[i], 4) == NULL;
    }
    if (!plain) out_byte('"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.bytes[i] == '"') out_byte('"');
        out_byte((uint8_t)text.bytes[i]);
    }
    if (!plain) out_byte('"');
}

int prompt_variables(void) {
    const Template *template = template_chosen();
    out_text("name,required,default,description\n");
    for (size_t i = 0; i < template->variable_count; i++) {
        const Variable *variable = &template->variables[i];
        write_field(variable->name);
        out_text(variable->has_default ? ",false," : ",true,");
        write_field(variable->otherwise);
        out_byte(',');
        write_field(variable->description);
        out_byte('\n');
    }
    return STATUS_GOOD;
}
