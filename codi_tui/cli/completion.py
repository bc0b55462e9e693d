"""`codi config completion SHELL`: the few lines by which a shell asks codi how a line can go on.

The answer's first line says `words` or `files`; of words the second is what was typed, and each further one a word and,
behind a tab, its meaning. A shell takes them as data: nothing of them is evaluated.
"""

from __future__ import annotations

from codi_tui.cli.exits import OK
from codi_tui.cli.narration import STDOUT, write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from codi_tui.manual.words import Words

_BASH = r"""# codi's completion for bash; bash-completion is not needed
_codi() {
    local -a answer
    mapfile -t answer < <(command codi config completion bash -- "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    local part=${COMP_WORDS[COMP_CWORD]} typed=${answer[1]-} line word
    COMPREPLY=()
    # bash parts words at these too, and replaces only what stands behind
    [[ $part == [:=]* ]] && part=${part:1}
    case ${answer[0]-} in
        files)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$part")
            ;;
        words)
            local before=${typed%"$part"}
            for line in "${answer[@]:2}"; do
                word=${line%%$'\t'*}
                COMPREPLY+=("${word#"$before"}")
            done
            ;;
    esac
}
complete -F _codi codi
"""

_ZSH = r"""#compdef codi
# codi's completion for zsh
_codi() {
    local -a answer shown
    local line
    answer=("${(@f)$(command codi config completion zsh -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    case $answer[1] in
        files) _files ;;
        words)
            for line in "${(@)answer[3,-1]}"; do
                shown+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
            done
            (( $#shown )) && _describe -t codi codi shown
            ;;
    esac
}
if [[ $funcstack[1] == _codi ]]; then
    _codi "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
    compdef _codi codi
fi
"""

_FISH = r"""# codi's completion for fish
function __codi_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -l answer (command codi config completion fish -- $before[2..] "$current" 2>/dev/null)
    switch "$answer[1]"
        case files
            __fish_complete_path "$current"
        case words
            test (count $answer) -gt 2; and printf '%s\n' $answer[3..]
    end
end
complete -c codi -f -a '(__codi_complete)'
"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def show_script(parsed: Words) -> int:
    """Print a shell's lines; returns the exit status.

    Raises:
        UsageError: it is none of the shells.
    """
    shell = parsed.rest[0] if parsed.rest else ""
    if shell and shell not in SCRIPTS:
        parsed.problems.append(f"{shell[:40]!r} is none of {', '.join(SCRIPTS)}")
    parsed.check()
    write_all(STDOUT, SCRIPTS[shell].encode())
    return OK
