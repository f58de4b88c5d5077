"""Money as whole minor units of one currency: reading, showing, never a float. Pure."""

from decimal import Decimal, InvalidOperation

NO_MINOR_UNIT = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"}
    | {"PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"}
)
THREE_DIGITS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
LARGEST = 10**15


class NotMoney(ValueError):
    """The text is not an amount of this currency."""


def digits_of(currency: str) -> int:
    """Decimal places of a currency's minor unit."""
    if currency in NO_MINOR_UNIT:
        return 0
    return 3 if currency in THREE_DIGITS else 2


def minor_of(amount: str | int | Decimal, currency: str) -> int:
    """Whole units, as typed ("1,250.50", "$20"), in minor units. Raises NotMoney."""
    text = str(amount).strip().replace(",", "").removeprefix(SYMBOLS.get(currency, "\0"))
    text = text.removesuffix(currency).removeprefix(currency).strip()
    try:
        scaled = Decimal(text).scaleb(digits_of(currency))
    except InvalidOperation as error:
        raise NotMoney(f"{amount!r} is not an amount of {currency}") from error
    if not scaled.is_finite() or scaled != scaled.to_integral_value() or abs(scaled) > LARGEST:
        raise NotMoney(f"{amount!r} is not an amount of {currency}")
    return int(scaled)


def show(amount_minor: int, currency: str) -> str:
    """As people read it: "$1,250.50"; whole amounts without decimals: "$850"."""
    digits = digits_of(currency)
    whole, rest = divmod(abs(amount_minor), 10**digits)
    text = f"{whole:,}" + (f".{rest:0{digits}d}" if rest else "")
    symbol = SYMBOLS.get(currency)
    sign = "−" if amount_minor < 0 else ""
    return f"{sign}{symbol}{text}" if symbol else f"{sign}{text} {currency}"
