"""Every template of threecommas.md 8.3, old and new, with numbers of our own."""

from recomma.domain.source import EventKind

KINDS = [
    ("Placing base order. Price: market Size: 12.5 USDT (50.0 ADA)", EventKind.BASE_PLACING),
    ("Placing base order. Price: 0.25 USDT Size: 12.5 USDT (50.0 ADA)", EventKind.BASE_PLACING),
    ("Updating base order", EventKind.BASE_REPRICED),
    (
        "Base order executed.  Price: 0.2502 USDT.  Size: 12.51 USDT (50.0 ADA)",
        EventKind.BASE_EXECUTED,
    ),
    (
        "Placing averaging order (2 out of 4). Price: 0.24 USDT Size: 12 USDT (50.0 ADA)",
        EventKind.SAFETY_PLACING,
    ),
    (
        "Placing safety trade (2 out of 4). Price: 0.24 USDT Size: 12 USDT (50.0 ADA)",
        EventKind.SAFETY_PLACING,
    ),
    ("Placing safety trade. Price: 0.24 USDT Size: 12 USDT (50.0 ADA)", EventKind.SAFETY_PLACING),
    (
        "Placing safety trade. Price: 0.24 USDT Size: 12 USDT (50 ADA). Success.",
        EventKind.SAFETY_PLACING,
    ),
    (
        "Placing safety trade. Price: 0.24 USDT Size: 12 USDT (50 ADA)."
        " Error occured during request: Too busy. Market::Errors (503).",
        EventKind.SAFETY_PLACING,
    ),
    (
        "Averaging order (2 out of 4) executed. Price: 0.24 USDT Size: 12 USDT (50.0 ADA)",
        EventKind.SAFETY_EXECUTED,
    ),
    (
        "Averaging order (4 out of 4) executed. Price: market Size: 12 USDT (50.0 ADA) #lastAO 😬",
        EventKind.SAFETY_EXECUTED,
    ),
    (
        "Safety trade (1 out of 4) executed. Price: 0.24 USDT. Size: 12 USDT (50.0 ADA)",
        EventKind.SAFETY_EXECUTED,
    ),
    (
        "Cancelling buy order (3 out of 4). Price: 0.23 USDT Size: 11.5 USDT (50.0 ADA)",
        EventKind.SAFETY_CANCELLING,
    ),
    (
        "Cancelling buy order. Price: 0.23 USDT. Size: 0.0 USDT (50.0 ADA). Success.",
        EventKind.SAFETY_CANCELLING,
    ),
    (
        "Cancelling buy order. Price: 0.23 USDT. Size: 0.0 USDT (50.0 ADA)."
        " Network error occurred. HTTP code: 504. Request will be retried.",
        EventKind.SAFETY_CANCELLING,
    ),
    (
        "Averaging order (3 out of 4) cancelled. Price: 0.23 USDT Size: 11.5 USDT (50.0 ADA)",
        EventKind.SAFETY_CANCELLED,
    ),
    (
        "Safety trade (3 out of 4) cancelled. Price: 0.23 USDT Size: 11.5 USDT (50.0 ADA)",
        EventKind.SAFETY_CANCELLED,
    ),
    (
        "Placing manual safety trade. Price: 0.2 USDT Size: 0 USDT (0 1INCH)",
        EventKind.MANUAL_PLACING,
    ),
    (
        "Placing TakeProfit trade.  Price: 0.26 USDT Size: 13 USDT (50.0 ADA),"
        " the price should rise for 4.1% to close the trade",
        EventKind.TAKE_PROFIT_PLACING,
    ),
    (
        "Placing TakeProfit trade.  Price: 0.26 USDT Size: 13 USDT (50.0 ADA),"
        " the price should rise for 4.1% to close the deal",
        EventKind.TAKE_PROFIT_PLACING,
    ),
    (
        "Placing TakeProfit trade. Price: market Size: ≈13 USDT (50.0 ADA)",
        EventKind.TAKE_PROFIT_PLACING,
    ),
    (
        "Cancelling TakeProfit trade. Price: 0.26 USDT Size: 13 USDT (50.0 ADA)",
        EventKind.TAKE_PROFIT_CANCELLING,
    ),
    (
        "TakeProfit trade cancelled. Price: 0.26 USDT Size: 13 USDT (50.0 ADA)",
        EventKind.TAKE_PROFIT_CANCELLED,
    ),
    (
        "TakeProfit trade finished. Price: 0.26 USDT Size: 13 USDT (50.0 ADA)",
        EventKind.TAKE_PROFIT_EXECUTED,
    ),
    (
        "Trailing TakeProfit order will be placed when price reaches 0.26 USDT. Size: 13 USDT"
        " (50.0 ADA), the price should rise for 4.1% to start trailing",
        EventKind.TRAILING_ARMED,
    ),
    (
        "Trailing Take Profit Activated, current profit is 4.15%",
        EventKind.TRAILING_STARTED,
    ),
    (
        "Placing StopLoss trade. Price: market Size: 25 USDT (100.0 ADA)",
        EventKind.STOP_PLACING,
    ),
    (
        "Stop loss trade completed. Price: 0.22 USDT Size: 22 USDT (100.0 ADA)",
        EventKind.STOP_EXECUTED,
    ),
    (
        "Stop loss 📛  -3.01 USDT (-3.01 $) (-12.1% from total volume) #stoploss",
        EventKind.STOP_SUMMARY,
    ),
    (
        "(USDT_ADA): Trade completed. Profit:  +0.5 USDT (0.5 $) (4.0% from total volume)"
        " 💰💰💰). #profit 3 days",
        EventKind.COMPLETED_SUMMARY,
    ),
    (
        "Deal completed. Profit:  +0.5 USDT (0.5 $) (4.0% from total volume"
        " (2.0% before trailing)) 💰💰💰. #profit about 5 hours",
        EventKind.COMPLETED_SUMMARY,
    ),
    ("Error placing base order: No money.", EventKind.PLACING_FAILED),
    ("Error placing safety trade (2 out of 4): No money (at all).", EventKind.PLACING_FAILED),
    ("Error placing Take Profit trade: Too small.", EventKind.PLACING_FAILED),
    ("Bot 77 Starting new deal. Pair: USDT_ADA", EventKind.BOT_LEVEL),
    ("Start command received", EventKind.BOT_LEVEL),
    ("Bot is turned on", EventKind.BOT_LEVEL),
    # The other forms of each template.
    (
        "Placing base order. Price: market Size: 12.5 USDT (Risk reduction 0.5 USDT) (50.0 ADA)",
        EventKind.BASE_PLACING,
    ),
    (
        "Placing base order. Price: 0.25 USDT Size: 12.5 USDT (Reinvested 0.75 USDT) (50.0 ADA)",
        EventKind.BASE_PLACING,
    ),
    (
        "Placing base order. Price: 0.25 USDT Size: 12.5 USDT (50.0 ADA). Success.",
        EventKind.BASE_PLACING,
    ),
    (
        "Base order executed.  Price: market.  Size: 12.51 USDT (50.0 ADA)",
        EventKind.BASE_EXECUTED,
    ),
    (
        "Placing averaging order (4 out of 4). Price: market Size: 12 USDT (50.0 ADA)",
        EventKind.SAFETY_PLACING,
    ),
    (
        "Placing averaging order (2 out of 4). Price: 0.24 USDT Size: 12 USDT"
        " (Risk reduction 0.5 USDT) (50.0 ADA)",
        EventKind.SAFETY_PLACING,
    ),
    (
        "Placing safety trade. Price: 0.24 USDT Size: 12 USDT (50.0 ADA)."
        " Network error occurred. HTTP code: 502. Request will be retried.",
        EventKind.SAFETY_PLACING,
    ),
    (
        "Averaging order (4 out of 6) executed. Price: 0.24 USDT Size: 12 USDT (50.0 ADA)"
        " #lastAO 😬",
        EventKind.SAFETY_EXECUTED,
    ),
    (
        "Safety trade (1 out of 4) executed. Price: market Size: 12 USDT (50.0 ADA)",
        EventKind.SAFETY_EXECUTED,
    ),
    (
        "Cancelling sell order (3 out of 4). Price: 0.27 USDT Size: 13.5 USDT (50.0 ADA)",
        EventKind.SAFETY_CANCELLING,
    ),
    (
        "Placing manual averaging order. Price: market Size: 10 USDT (50.0 ADA)",
        EventKind.MANUAL_PLACING,
    ),
    (
        "Placing TakeProfit trade.  Price: 0.24 USDT Size: 12 USDT (50.0 ADA),"
        " the price should fall for 2.05% to close the trade",
        EventKind.TAKE_PROFIT_PLACING,
    ),
    (
        "Placing TakeProfit trade.  Price: 0.24 USDT Size: 12 USDT (50.0 ADA),"
        " the price should fall for 2.05% to close the deal",
        EventKind.TAKE_PROFIT_PLACING,
    ),
    (
        "Placing TakeProfit trade.  Price: 0.26 USDT Size: 13 USDT (50.0 ADA),"
        " the price should rise for -0.1% to close the trade",
        EventKind.TAKE_PROFIT_PLACING,
    ),
    (
        "Cancelling TakeProfit trade. Price: 0.26 USDT. Size: 13 USDT (50.0 ADA). Success.",
        EventKind.TAKE_PROFIT_CANCELLING,
    ),
    (
        "Trailing TakeProfit order will be placed when price reaches 0.24 USDT. Size: 12 USDT"
        " (50.0 ADA), the price should fall for 2.1% to start trailing",
        EventKind.TRAILING_ARMED,
    ),
    (
        "Stop loss 📛  -0.5 USDT (-0.5 $) (-4% from total volume) #stoploss",
        EventKind.STOP_SUMMARY,
    ),
    (
        "(USDT_BTCUSDT): Trade completed. Profit:  +1 USDT (1 $) (2% from total volume)"
        " 💰💰💰). #profit about 1 hour",
        EventKind.COMPLETED_SUMMARY,
    ),
    ("Error placing averaging order (2 out of 4): No money.", EventKind.PLACING_FAILED),
    ("Error placing safety trade: No money.", EventKind.PLACING_FAILED),
    (
        "Error placing base order: Rate limit exceeded. Market::Errors (429).",
        EventKind.PLACING_FAILED,
    ),
    # Other coins and other numbers.
    (
        "Placing averaging order (1 out of 9). Price: 0.00034 BTC Size: 0.0002 BTC (0.6 NEAR)",
        EventKind.SAFETY_PLACING,
    ),
    (
        "TakeProfit trade finished. Price: 65000 BNFCR Size: 65 BNFCR (0.001 BTCUSDT)",
        EventKind.TAKE_PROFIT_EXECUTED,
    ),
    (
        "Averaging order (12 out of 30) cancelled. Price: 7 USD Size: 7 USD (1 1INCH-USD-SWAP)",
        EventKind.SAFETY_CANCELLED,
    ),
]
