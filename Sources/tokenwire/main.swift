print("tokenwire")
