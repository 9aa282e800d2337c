#compdef pollard pollardd
# Completion of pollard and pollardd in zsh.
_pollard_feeds() {
    local -a names config
    local place=${words[(I)--config]}
    (( place )) && config=(--config ${(Q)words[place + 1]})
    names=(${(f)"$(pollard feeds $config 2>/dev/null | awk 'NR > 1 { print $1 }')"})
    compadd -a names
}
_pollard_command() {
    local -a known=(
@ZSH_NAMES@
        'help:what commands and keys there are'
    )
    if (( CURRENT == 2 )); then
        _describe command known
        return
    fi
    local command=$words[2]
    shift words
    (( CURRENT-- ))
    case $command in
@ZSH_COMMANDS@
    esac
}
_pollard_service() {
@ZSH_SERVICE@
}
case $service in
    pollardd) _pollard_service "$@" ;;
    *) _pollard_command "$@" ;;
esac
